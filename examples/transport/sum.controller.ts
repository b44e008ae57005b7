import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';

/** Answers requests. Each request goes to one instance of the service. */
@Controller()
export class SumController {
  @MessagePattern({ cmd: 'sum' })
  sum(@Payload() numbers: readonly number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }
}
