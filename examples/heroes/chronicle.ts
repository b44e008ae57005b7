import { Injectable } from '@nestjs/common';

/** What happened in the game, line by line. */
@Injectable()
export class Chronicle {
  readonly lines: string[] = [];

  write(line: string): void {
    this.lines.push(line);
  }
}
