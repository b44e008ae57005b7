/** Where a reaction writes what an operator should know. The logger of Nest has this form. */
export interface ReactionLogger {
  /** Something failed that is tried again. */
  warn(text: string): void;
  /** Something was given up, or is a fault of the program. */
  error(text: string, stack?: string): void;
}
