import { Outside } from '../outside.js';

/** Keeps what it was asked for, and has a mail server that can be broken. */
export class TourOutside extends Outside {
  /** What the services did. */
  readonly lines: string[] = [];
  /** How many mails to a customer the mail server still refuses. */
  readonly refusals = new Map<string, number>();
  /** How many mails it has refused. */
  refused = 0;

  /** What the services did that concerns an order or a customer. */
  about(text: string): string[] {
    return this.lines.filter((line) => line.includes(text));
  }

  override async sendMail(to: string, text: string): Promise<void> {
    const left = this.refusals.get(to) ?? 0;
    if (left > 0) {
      this.refusals.set(to, left - 1);
      this.refused += 1;
      throw new Error(`550 no mailbox ${to} here`);
    }
    await super.sendMail(to, text);
  }

  protected override note(line: string): void {
    this.lines.push(line);
  }
}
