import { randomUUID } from 'node:crypto';

/** Stands for services of others: a mail server, a bank and a carrier. Prints what it is asked for. */
export class Outside {
  async sendMail(to: string, text: string): Promise<void> {
    this.note(`mail to ${to}: ${text}`);
  }

  /** @returns the number of the receipt. */
  async charge(order: string, cents: number): Promise<string> {
    const receipt = randomUUID();
    this.note(`charge of ${cents} cents for order ${order}: receipt ${receipt}`);
    return receipt;
  }

  async bookParcel(order: string, receipt: string): Promise<void> {
    this.note(`parcel for order ${order}, paid with receipt ${receipt}`);
  }

  protected note(line: string): void {
    console.log(line);
  }
}
