/** A consumer of a JetStream stream. */
export interface ConsumerRef {
  readonly stream: string;
  readonly consumer: string;
}

/** The subjects of the JetStream API, below the prefix that the account reaches it by. */
export class ApiSubjects {
  readonly prefix: string;

  /** @param prefix `$JS.API`, or what a domain or an import puts in its place. */
  constructor(prefix: string) {
    this.prefix = prefix;
  }

  accountInfo(): string {
    return `${this.prefix}.INFO`;
  }

  streamNames(): string {
    return `${this.prefix}.STREAM.NAMES`;
  }

  streamList(): string {
    return `${this.prefix}.STREAM.LIST`;
  }

  streamInfo(stream: string): string {
    return `${this.prefix}.STREAM.INFO.${stream}`;
  }

  createStream(stream: string): string {
    return `${this.prefix}.STREAM.CREATE.${stream}`;
  }

  updateStream(stream: string): string {
    return `${this.prefix}.STREAM.UPDATE.${stream}`;
  }

  /** One message, from the leader. */
  message(stream: string): string {
    return `${this.prefix}.STREAM.MSG.GET.${stream}`;
  }

  deleteMessage(stream: string): string {
    return `${this.prefix}.STREAM.MSG.DELETE.${stream}`;
  }

  purgeStream(stream: string): string {
    return `${this.prefix}.STREAM.PURGE.${stream}`;
  }

  /**
   * Messages from any replica: the last of a subject where one is given, otherwise what the request asks for.
   */
  directGet(stream: string, lastOf?: string): string {
    const subject = `${this.prefix}.DIRECT.GET.${stream}`;
    return lastOf === undefined ? subject : `${subject}.${lastOf}`;
  }

  /** With the filter in the subject, permissions can restrict it. */
  createConsumer({ stream, consumer }: ConsumerRef, filter?: string): string {
    const subject = `${this.prefix}.CONSUMER.CREATE.${stream}.${consumer}`;
    return filter === undefined ? subject : `${subject}.${filter}`;
  }

  consumerInfo({ stream, consumer }: ConsumerRef): string {
    return `${this.prefix}.CONSUMER.INFO.${stream}.${consumer}`;
  }

  consumerList(stream: string): string {
    return `${this.prefix}.CONSUMER.LIST.${stream}`;
  }

  deleteConsumer({ stream, consumer }: ConsumerRef): string {
    return `${this.prefix}.CONSUMER.DELETE.${stream}.${consumer}`;
  }

  /** A pull. */
  nextMessages({ stream, consumer }: ConsumerRef): string {
    return `${this.prefix}.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
  }
}

/** Whether a subject is one of JetStream's that change nothing, whatever its prefix. */
export function isReadSubject(subject: string): boolean {
  return /\.(STREAM\.INFO|STREAM\.MSG\.GET|DIRECT\.GET|CONSUMER\.INFO)\./.test(subject);
}
