#!/usr/bin/env node
import { readFileSync } from 'node:fs';

import { Command } from 'commander';

import { hasJetsourceBrand } from '../kernel/jetsource-error.js';
import { consumersCommand } from './consumers-command.js';
import { deadLettersCommand } from './dead-letters-command.js';
import { eventsCommand } from './events-command.js';
import { natsCommand } from './nats-command.js';
import { parkedCommand } from './parked-command.js';
import { projectionsCommand } from './projections-command.js';
import { verifyCommand } from './verify-command.js';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

new Command('jetsource')
  .description('event sourcing on NATS JetStream')
  .version(manifest.version)
  .addCommand(natsCommand())
  .addCommand(eventsCommand())
  .addCommand(consumersCommand())
  .addCommand(deadLettersCommand())
  .addCommand(parkedCommand())
  .addCommand(projectionsCommand())
  .addCommand(verifyCommand())
  .parseAsync()
  .catch((error: unknown) => {
    // errors of jetsource say what to do: the stack would only hide the message
    console.error(hasJetsourceBrand(error) ? error.message : error);
    process.exitCode = 1;
  });
