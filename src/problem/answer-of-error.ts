import type { AnyJetsourceError } from '../errors/any-jetsource-error.js';
import type { ProblemAnswer } from './problem-answer.js';

/** When a client may repeat what did not work for a moment. */
const SOON_SECONDS = 1;
/** Messages of such errors are for those who run the service. */
const INTERNAL: ProblemAnswer = { status: 500 };
const OUTCOME_UNKNOWN: ProblemAnswer = {
  status: 504,
  detail:
    'it is not known whether the request took effect; repeat it under the same idempotency key, ' +
    'or read before it is repeated',
};
/** Somebody has to act first: no word of when. */
const MODEL_STOPPED: ProblemAnswer = {
  status: 503,
  detail: 'a read model that the response needs does not run',
};

/** What clients are told of an error. It does not compile while an error of the union is missing. */
export function answerOf(error: AnyJetsourceError): ProblemAnswer {
  switch (error.code) {
    case 'invalid-option':
    case 'invalid-stream-name':
      return { status: 400, detail: error.message };
    case 'invalid-event':
      return { status: 422, detail: error.message };
    case 'command-id-reused':
      return {
        status: 422,
        detail: 'the idempotency key of the request was used before for something else; nothing was stored',
      };

    case 'aggregate-not-found':
      return { status: 404, detail: error.message, members: { stream: error.stream } };
    case 'dead-letter-not-found':
      return { status: 404, detail: error.message };
    case 'commit-removed':
      return { status: 410, detail: error.message, members: { stream: error.stream } };
    case 'payload-too-large': {
      const { message, size, limit } = error;
      return { status: 413, detail: message, members: { size, limit } };
    }

    case 'wrong-expected-version': {
      const { message, stream, expected, actual } = error;
      return { status: 409, detail: message, members: { stream, expected, actual } };
    }
    case 'transaction-conflict': {
      const violations = error.violations.map((violation) => ({ ...violation }));
      return { status: 409, detail: error.message, members: { violations } };
    }
    case 'expectation-failed':
      return { status: 409, detail: 'what the event was to follow is not so; it was not stored' };
    case 'projection-busy':
      return { status: 409, detail: 'others are at work on the projection; nothing was changed' };
    case 'start-not-in-log':
      return { status: 409, detail: 'the log does not reach that position; begin at an earlier one' };

    case 'nats':
      return error.outcome === 'unknown' ? OUTCOME_UNKNOWN : soon('the store cannot be reached');
    case 'connection-closed':
    case 'publish-refused':
      return soon('the store cannot be reached');
    case 'no-responder':
      return soon('a service that the request needs cannot be reached');
    case 'projection-not-ready':
      return soon('a read model that the response needs is not ready yet');
    case 'wait-timeout': {
      const { pending, lagSeconds } = error;
      const answer = soon('a read model has not come as far as the response needs');
      return { ...answer, members: { pending, lagSeconds } };
    }
    case 'projection-failed':
    case 'projection-diverged':
    case 'projection-stuck':
      return MODEL_STOPPED;
    case 'projection-operation':
      return error.outcome === 'unknown'
        ? OUTCOME_UNKNOWN
        : soon('the database of a read model does not do it');

    case 'append-outcome-unknown':
    case 'notify-incomplete':
    case 'publish-outcome-unknown':
    case 'request-timeout':
      return OUTCOME_UNKNOWN;

    // the store, its data or a database is not as it has to be
    case 'corrupt-stream':
    case 'unreadable-event':
    case 'corrupt-snapshot':
    case 'corrupt-checkpoint':
    case 'store-settings':
    case 'store-not-found':
    case 'bucket-not-found':
    case 'model-not-found':
    case 'unusable-replica':
    case 'unsupported-by-server':
    case 'nats-server-unavailable':
    case 'transaction-rolled-back':
    case 'subscription-stuck':
    // the program is not as it has to be
    case 'event-registration':
    case 'missing-event-handler':
    case 'command-handled':
    case 'invalid-aggregate':
    case 'missing-category':
    case 'uncommitted-events':
    case 'projection-class':
    case 'cqrs-setup':
    case 'unknown-projection':
    case 'unknown-reactor':
    case 'reactors-started':
    case 'invalid-row':
    case 'view-in-use':
    case 'name-taken':
    case 'driver-not-installed':
    case 'jetstream-settings':
    case 'jetstream-not-found':
    case 'consumer-settings':
    case 'captured-pattern':
    // handlers of messages
    case 'handler-timeout':
    case 'unrecoverable':
    case 'late-output':
    case 'step-mismatch':
    case 'steps-unavailable':
      return INTERNAL;
    default:
      // of a newer copy of the package
      error satisfies never;
      return INTERNAL;
  }
}

function soon(why: string): ProblemAnswer {
  const detail = `${why}; repeat the request later`;
  return { status: 503, detail, retryAfterSeconds: SOON_SECONDS };
}
