/** When a command of a timer is due. */
export type ProcessTimerTime =
  /** At a time. One that has passed: at once. */
  | { readonly at: Date; readonly in?: undefined }
  /** After a while from now on: milliseconds, or a text such as `3 days`, `10s` or `2h 30m`. */
  | { readonly in: number | string; readonly at?: undefined };

/** What a process wants done, as `react` has said it: not stored yet. */
export type ProcessOutput =
  | { readonly kind: 'send'; readonly command: object }
  | { readonly kind: 'publish'; readonly event: object }
  | {
      readonly kind: 'schedule';
      readonly id: string;
      readonly command: object;
      readonly time: ProcessTimerTime;
    }
  | { readonly kind: 'cancel'; readonly id: string };
