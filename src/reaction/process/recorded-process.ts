import { durationOption } from '../../kernel/duration.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../../kernel/options.js';
import type { Process } from './process.js';
import { LateOutputError } from './process-errors.js';
import type { ProcessOutput, ProcessTimerTime } from './process-output.js';

/** A process that remembers what `react` tells it, until `react` has returned. */
export class RecordedProcess implements Process {
  readonly id: string;
  readonly #manager: string;
  readonly #outputs: ProcessOutput[] = [];
  #ended = false;
  #closed = false;

  /** @param manager Name of the process manager. */
  constructor(manager: string, id: string) {
    this.#manager = manager;
    this.id = id;
  }

  get outputs(): readonly ProcessOutput[] {
    return this.#outputs;
  }

  get ended(): boolean {
    return this.#ended;
  }

  send(command: object): void {
    this.#add({ kind: 'send', command: checkedObject('command', command) });
  }

  publish(event: object): void {
    this.#add({ kind: 'publish', event: checkedObject('event', event) });
  }

  schedule(id: string, command: object, time: ProcessTimerTime): void {
    checkTime(time);
    this.#add({ kind: 'schedule', id: checkedId(id), command: checkedObject('command', command), time });
  }

  cancel(id: string): void {
    this.#add({ kind: 'cancel', id: checkedId(id) });
  }

  end(): void {
    this.#checkOpen();
    this.#ended = true;
  }

  /** `react` has returned. */
  close(): void {
    this.#closed = true;
  }

  #add(output: ProcessOutput): void {
    this.#checkOpen();
    this.#outputs.push(output);
  }

  #checkOpen(): void {
    if (this.#closed) throw new LateOutputError({ processManager: this.#manager });
  }
}

function checkedObject(option: string, given: unknown): object {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given;
  throw new InvalidOptionError({ option, given, allowed: 'an object' });
}

function checkedId(id: unknown): string {
  if (typeof id === 'string' && id !== '') return id;
  throw new InvalidOptionError({ option: 'id', given: id, allowed: 'a text that is not empty' });
}

function checkTime(time: ProcessTimerTime): void {
  checkKnownOptions(checkedObject('time', time), ['at', 'in']);
  const { at, in: delay } = time;
  if ((at === undefined) === (delay === undefined))
    throw new InvalidOptionError({
      option: 'at',
      given: at,
      allowed: 'given where `in` is not, and only there',
    });
  if (delay !== undefined) durationOption('in', delay);
  else if (!((at as unknown) instanceof Date) || Number.isNaN(at?.getTime()))
    throw new InvalidOptionError({ option: 'at', given: at, allowed: 'a valid Date' });
}
