import { ConsumerPosition, type ConsumerProgress } from '../../src/jetstream/consume/consumer-position.js';
import { fakeMessage } from '../reaction/fake-message.js';

const config = { name: 'c', deliver_policy: 'new', opt_start_time: '2026-01-01T00:00:00Z' } as const;

function progress(floor: number, delivered: number, pending: number): ConsumerProgress {
  return {
    ack_floor: { stream_seq: floor },
    delivered: { stream_seq: delivered },
    num_ack_pending: pending,
  };
}

describe('the position of a consumer', () => {
  it('is where the options say before anything is known', () => {
    expect(new ConsumerPosition().resume(config, undefined)).toBe(config);
  });

  it('is after the last message that all before are settled, or after all when none is pending', () => {
    const position = new ConsumerPosition();
    position.note(progress(3, 9, 2));
    expect(position.resume(config, 20)).toEqual({
      name: 'c',
      deliver_policy: 'by_start_sequence',
      opt_start_seq: 4,
    });
    position.note(progress(3, 9, 0));
    expect(position.resume(config, 20)).toMatchObject({ opt_start_seq: 10 });
  });

  it('is not after the end of a stream that lost its last messages', () => {
    const position = new ConsumerPosition();
    position.note(progress(9, 9, 0));
    expect(position.resume(config, 7)).toMatchObject({ opt_start_seq: 8 });
  });

  it('remembers what was settled after it, by sequence and time', () => {
    const position = new ConsumerPosition();
    const { message } = fakeMessage({ sequence: 5 });
    position.note(progress(3, 9, 2));
    expect(position.isSettled(message)).toBe(false);
    position.settle(message);
    expect(position.isSettled(message)).toBe(true);
    position.note(progress(5, 9, 1));
    expect(position.isSettled(message)).toBe(false);
  });

  it('is the first message of a stream that was made again', () => {
    const position = new ConsumerPosition();
    position.note(progress(9, 9, 0));
    position.startOver();
    expect(position.resume(config, 3)).toMatchObject({ opt_start_seq: 1 });
  });
});
