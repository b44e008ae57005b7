import { SLOTS } from '../../src/event/slot.js';
import { StreamListing } from '../../src/event-store/listing/stream-listing.js';
import {
  pageTokenOf,
  parsePageToken,
  type ListingPlace,
} from '../../src/event-store/listing/stream-page-token.js';
import { streamName } from '../../src/event/stream-name.js';
import { subjectOf } from '../../src/event/subject.js';

/** Number of subjects in one answer: 100,000 on a real server. */
const ANSWER = 5;

/** A fake server with the given streams, which returns a few subjects per answer. */
class FakeServer {
  readonly subjects = new Set<string>();
  questions = 0;

  add(ids: readonly string[]): void {
    for (const id of ids) this.subjects.add(subjectOf('shop', streamName('order', id)));
  }

  remove(id: string): void {
    this.subjects.delete(subjectOf('shop', streamName('order', id)));
  }

  listing(): StreamListing {
    return new StreamListing({
      store: 'shop',
      names: (filter, offset) => {
        this.questions += 1;
        const prefix = filter.replace('*', '');
        const all = [...this.subjects].filter((subject) => subject.startsWith(prefix)).toSorted();
        return Promise.resolve({ subjects: all.slice(offset, offset + ANSWER), total: all.length });
      },
      positionOf: () => Promise.resolve('1.0'),
    });
  }
}

const START: ListingPlace = { category: 'order', limit: 1, slot: 0, after: '', offset: 0 };
const IDS = Array.from({ length: 2_000 }, (_, index) => `id-${index}`);

async function walk(
  server: FakeServer,
  limit: number,
  between: (page: number) => void = () => undefined,
): Promise<string[]> {
  const found: string[] = [];
  let place: ListingPlace | undefined = { ...START, limit };
  for (let page = 1; place !== undefined; page += 1) {
    const { streams, nextPageToken } = await server.listing().page(place);
    found.push(...streams.map(({ id }) => id));
    place = parsePageToken(nextPageToken);
    between(page);
  }
  return found;
}

describe('a listing of slots that need several answers', () => {
  it.each([1, 3, 5, 64, 777, 5_000])('is complete in pages of %i', async (limit) => {
    const server = new FakeServer();
    server.add(IDS);
    expect((await walk(server, limit)).toSorted()).toEqual(IDS.toSorted());
  });

  it('needs as many requests for its last page as for its first', async () => {
    const server = new FakeServer();
    server.add(IDS);
    const counts: number[] = [];
    await walk(server, 10, () => {
      counts.push(server.questions);
      server.questions = 0;
    });
    // more than 400 in total
    expect(Math.max(...counts)).toBeLessThanOrEqual(12);
  });

  it('skips no remaining stream while others are added and removed before and after its place', async () => {
    const server = new FakeServer();
    const going = Array.from({ length: 600 }, (_, index) => `going-${index}`);
    server.add([...IDS, ...going]);
    let next = 0;
    const found = await walk(server, 20, (page) => {
      for (const id of going.slice(next, next + 9)) server.remove(id);
      next += 9;
      server.add([`a-coming-${page}`, `z-coming-${page}`]);
    });
    expect(found.filter((id) => id.startsWith('id-')).toSorted()).toEqual(IDS.toSorted());
    expect(new Set(found).size).toBe(found.length);
  });
});

describe('a page token', () => {
  it('holds the place', () => {
    const place = { category: 'order', limit: 7, slot: SLOTS - 1, after: '%C3%BC', offset: 12 };
    expect(parsePageToken(pageTokenOf(place))).toEqual(place);
  });

  it.each([
    '',
    'x',
    btoa('{}'),
    btoa('null'),
    btoa('[1]'),
    btoa('["order",0,0,"",0]'),
    btoa('["a",1,-1,"",0]'),
    5,
  ])('is not parsed from %p', (text) => {
    expect(parsePageToken(text)).toBeUndefined();
  });
});
