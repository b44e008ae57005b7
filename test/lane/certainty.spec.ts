import { LaneService } from './lane-service.js';
import { ManualClock } from './manual-clock.js';

const LANES = [0, 1, 2].map((lane) => ({ work: 'orders', lane }));

/** The same numbers for the same seed. */
function randomOf(start: number): (below: number) => number {
  let seed = start;
  return (below) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
}

describe.each([1, 2, 3, 4, 5, 6, 7, 8])('members with random faults, seed %i', (seed) => {
  it('are never certain of one lane at the same time, and share all lanes afterwards', async () => {
    const random = randomOf(seed * 7_919);
    const clock = new ManualClock();
    const service = new LaneService(clock, { orders: 3 });
    for (let n = 0; n < 3; n += 1) await service.started();
    let seen = 0;
    const check = (): void => {
      for (const lane of LANES) {
        const certain = service.instances.filter(({ runner }) => runner.isCertain(lane)).length;
        expect(certain).toBeLessThan(2);
        seen += certain;
      }
    };
    const disturb = (index: number): void => {
      const { faults } = service.instances[index] as (typeof service.instances)[number];
      const kind = random(8);
      if (kind === 0) faults.goDown();
      if (kind === 1) faults.comeBack();
      if (kind === 2) faults.lag();
      if (kind === 3) faults.catchUp();
      if (kind === 4) faults.loseAnswer('written');
      if (kind === 5) faults.loseAnswer('not-written');
      if (kind === 6 && random(10) === 0) service.loseRecords();
    };
    for (let steps = 0; steps < 400; steps += 1) {
      disturb(random(3));
      await clock.pass(50 + random(200));
      check();
    }
    expect(seen).toBeGreaterThan(100);
    for (const { faults } of service.instances) {
      faults.comeBack();
      faults.catchUp();
    }
    await clock.pass(20_000);
    check();
    expect(service.running).toEqual(['orders/0', 'orders/1', 'orders/2']);
    expect(service.instances.map(({ running }) => running.size)).toEqual([1, 1, 1]);
    await service.stop();
  }, 60_000);
});
