import { Outside } from '../outside.js';
import { startShop } from '../start-shop.js';

/** A carrier that never answers. */
class StuckCarrier extends Outside {
  override async bookParcel(order: string): Promise<void> {
    this.note(`stuck: the carrier does not answer for order ${order}`);
    return new Promise(() => undefined);
  }
}

// a program: an instance of the shop in a process of its own, which ends with the one that has started it
process.stdin.resume().once('close', () => process.exit());
const [servers = ''] = process.argv.slice(2);
await startShop(servers, 0, new StuckCarrier());
console.log('started');
