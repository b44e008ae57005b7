/** Where a reactor begins that has no position yet. `now`: with the events stored after its first start. */
export type ReactorStart = 'now' | 'beginning' | { readonly sequence: number } | { readonly time: Date };
