export interface LaneWork {
  readonly name: string;
  readonly lanes: number;
  run(lane: number, signal: AbortSignal): Promise<void>;
}
