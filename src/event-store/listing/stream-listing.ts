import { SLOTS } from '../../event/slot.js';
import { type StreamName } from '../../event/stream-name.js';
import { slotSubjects, streamOfSubject, subjectToken } from '../../event/subject.js';
import type { SubjectNames } from '../../log/message-log.js';
import { CorruptStreamError } from '../../event/event-errors.js';
import type { StreamPage } from './stream-page.js';
import { type ListingPlace, pageTokenOf } from './stream-page-token.js';

/** Slots asked for at a time when the first ones held few streams. */
const MAX_SLOTS_AT_ONCE = 8;
/** How far to step back if streams were removed since the token was given. */
const STEP_BACK = 50_000;

/** What a listing needs of a store. */
export interface ListingSource {
  readonly store: string;
  /** Subjects that match a filter, in order, from an offset on. */
  names(filter: string, offset: number): Promise<SubjectNames>;
  /** Position of the last message of a subject, for an error that names it. */
  positionOf(subject: string): Promise<string>;
}

interface Listed {
  readonly slot: number;
  readonly subject: string;
  /** Number of subjects of the slot up to and including this one. */
  readonly offset: number;
}

interface SlotPart {
  readonly listed: readonly Listed[];
  readonly isWhole: boolean;
}

/**
 * Lists the streams of a category slot by slot, in each by the subject. A page takes at most one request for
 * each slot. In memory are the names of the slots that are requested at the time.
 */
export class StreamListing {
  readonly #source: ListingSource;

  constructor(source: ListingSource) {
    this.#source = source;
  }

  async page(start: ListingPlace): Promise<StreamPage> {
    // one more than requested shows whether there is a next page
    const listed = await this.#collect(start, start.limit + 1);
    const shown = listed.slice(0, start.limit);
    const streams = await Promise.all(shown.map(async ({ subject }) => this.#streamOf(subject)));
    const last = shown.at(-1);
    const isLast = listed.length <= start.limit || last === undefined;
    return { streams, nextPageToken: isLast ? undefined : pageTokenOf(placeAfter(last, start)) };
  }

  async #collect(start: ListingPlace, wanted: number): Promise<Listed[]> {
    const found: Listed[] = [];
    let place = start;
    for (let atOnce = 1; place.slot < SLOTS && found.length < wanted;) {
      const parts = await this.#slots(place, atOnce);
      for (const { listed, isWhole } of parts) {
        found.push(...listed);
        place = isWhole ? nextSlot(place) : placeAfter(listed.at(-1) as Listed, place);
        // the slots after an unfinished one have to wait for its rest
        if (!isWhole || found.length >= wanted) break;
      }
      atOnce = parts.every(({ isWhole }) => isWhole) ? Math.min(atOnce * 2, MAX_SLOTS_AT_ONCE) : 1;
    }
    return found;
  }

  async #slots(place: ListingPlace, count: number): Promise<SlotPart[]> {
    const places = [place];
    while (places.length < count && (places.at(-1) as ListingPlace).slot < SLOTS - 1)
      places.push(nextSlot(places.at(-1) as ListingPlace));
    return Promise.all(places.map(async (each) => this.#after(each)));
  }

  /** Streams of a slot after a place: at least one unless there is none. */
  async #after({ category, slot, after, offset }: ListingPlace): Promise<SlotPart> {
    const filter = slotSubjects(this.#source.store, slot, category);
    // if the first subject of the answer is the last one listed, nothing has shifted
    for (let from = Math.max(0, offset - 1); ;) {
      const { subjects, total } = await this.#source.names(filter, from);
      const [first] = subjects;
      const isTooFar = from > 0 && (first === undefined || subjectToken(first) > after);
      const rest = subjects.findIndex((subject) => subjectToken(subject) > after);
      const isWhole = subjects.length === 0 || from + subjects.length >= total;
      if (isTooFar) from = Math.max(0, from - STEP_BACK);
      else if (rest === -1 && !isWhole) from += Math.max(1, subjects.length - 1);
      else
        return {
          listed: rest === -1 ? [] : numbered(subjects.slice(rest), { slot, offset: from + rest }),
          isWhole,
        };
    }
  }

  async #streamOf(subject: string): Promise<StreamName> {
    const name = streamOfSubject(this.#source.store, subject);
    if (name !== undefined) return name;
    throw new CorruptStreamError({
      stream: subject,
      position: await this.#source.positionOf(subject),
      reason: 'no stream has that subject',
    });
  }
}

function numbered(
  subjects: readonly string[],
  { slot, offset }: { readonly slot: number; readonly offset: number },
): Listed[] {
  return subjects.map((subject, index) => ({ slot, subject, offset: offset + index + 1 }));
}

function nextSlot(place: ListingPlace): ListingPlace {
  return { ...place, slot: place.slot + 1, after: '', offset: 0 };
}

function placeAfter({ slot, subject, offset }: Listed, { category, limit }: ListingPlace): ListingPlace {
  return { category, limit, slot, after: subjectToken(subject), offset };
}
