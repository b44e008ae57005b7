/** One contender; `run` returns how many operations it did. */
export interface Contender {
  readonly name: string;
  readonly run: () => Promise<number>;
}

/**
 * Runs the contenders in turn, round by round, so that changes of the machine's speed affect all of them
 * alike. Prints the lowest, median and highest rate of each.
 */
export async function compare(
  title: string,
  rounds: number,
  contenders: readonly Contender[],
): Promise<void> {
  const rates = contenders.map((): number[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, { run }] of contenders.entries()) {
      const begun = performance.now();
      const times = await run();
      const rate = (times / (performance.now() - begun)) * 1_000;
      // the first round warms up
      if (round > 0) rates[index]?.push(rate);
    }
  }
  console.log(`\n${title} (${rounds} rounds, in turn)`);
  for (const [index, { name }] of contenders.entries()) {
    const sorted = (rates[index] as number[]).toSorted((a, b) => a - b);
    const [least, median, greatest] = [0, Math.floor(sorted.length / 2), sorted.length - 1].map(
      (at) => sorted[at] as number,
    );
    console.log(
      `  ${name.padEnd(44)} ${format(median)}/s  (${format(least)} to ${format(greatest)}), ${perOne(median)} each`,
    );
  }
}

function format(rate: number | undefined): string {
  return Math.round(rate as number)
    .toLocaleString('en')
    .padStart(9);
}

function perOne(rate: number | undefined): string {
  return `${(1_000 / (rate as number)).toFixed(3)} ms`;
}
