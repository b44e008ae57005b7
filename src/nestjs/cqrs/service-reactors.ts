import type { ModuleRef, ModulesContainer } from '@nestjs/core';
import type { CommandBus, UnhandledExceptionBus } from '@nestjs/cqrs';
import type { JetStreamEventStore } from '../../event-store/jetstream-event-store.js';
import type { Projections } from '../../projection/projections.js';
import { PROCESS_OUTPUTS, processReactors } from '../../reaction/process/process-reactors.js';
import type { ReactorDefinition } from '../../reaction/reactor/reactor-definition.js';
import { resumeReactor, STEP_RESUMES } from '../../reaction/steps/resume-reactor.js';
import { timerResume } from '../../reaction/steps/timer-resume.js';
import { reactorWithSteps } from '../../reaction/steps/with-steps.js';
import type { Timers } from '../../reaction/timers/timers.js';
import type { CommandCodec } from './command/command-codec.js';
import { commandDispatcher, DISPATCHER, executeStored } from './command/command-dispatch.js';
import { DUE_CATEGORY } from './command/command-timers.js';
import { ServiceTimers } from './command/service-timers.js';
import type { DurableEventBus } from './publish/durable-event-bus.js';
import { findProcessManagers } from './process/found-process-managers.js';
import { checkHandlerNames, checkNamesOption } from './setup/handler-names.js';
import { handlerReactors } from './handler/handler-reactors.js';
import type { ServiceOptions } from './jetsource-cqrs-options.js';
import { findSagas } from './saga/saga.js';
import { SAGA_CATEGORY, sagaReactors } from './saga/saga-reactors.js';

/** What the reactors of a service are made of. */
export interface ServiceReactorsParts {
  readonly store: JetStreamEventStore;
  /** Those of the store. */
  readonly projections: Projections;
  readonly bus: DurableEventBus;
  readonly commandBus: CommandBus;
  readonly unhandledExceptions: UnhandledExceptionBus;
  readonly moduleRef: ModuleRef;
  readonly modules: ModulesContainer;
  readonly codec: CommandCodec;
  readonly timers: Timers | undefined;
  readonly options: ServiceOptions;
}

/**
 * The reactors of a service: its handlers, sagas and process managers, and what carries out their commands.
 *
 * @throws {@link CqrsSetupError} when something of the application cannot be run.
 */
export function serviceReactors(parts: ServiceReactorsParts): ReactorDefinition[] {
  const { store, bus, modules, timers, options } = parts;
  const handlers = handlerReactors(bus.handlers, { ...parts, registry: store.registry });
  const sagas = sagaReactors(findSagas(bus.sagas), parts);
  const managers = findProcessManagers(modules, options.reactions);
  if (sagas.length > 0 || managers.length > 0 || timers !== undefined) parts.codec.check();
  const labels = [...handlers, ...sagas].map(({ label }) => label);
  checkNamesOption(options.names ?? {}, labels);
  checkHandlerNames([
    ...handlers,
    ...sagas,
    ...managers.map(({ label, manager: { name } }) => ({ label, name })),
    ...OWN_NAMES.map((name) => ({ label: 'jetsource itself', name })),
  ]);
  const resume = timers && timerResume(timers);
  const withSteps = handlers.map(({ define }) => reactorWithSteps(store, define(), { resume }));
  return [
    ...withSteps,
    ...sagas.map(({ define }) => define()),
    ...processes(
      managers.map(({ manager }) => manager),
      parts,
    ),
    ...dispatchers(sagas.length > 0, parts),
    ...(timers === undefined ? [] : [resumeReactor(store, withSteps, options.reactions)]),
  ];
}

const OWN_NAMES = [DISPATCHER, PROCESS_OUTPUTS, STEP_RESUMES];

function processes(
  managers: Parameters<typeof processReactors>[1],
  parts: ServiceReactorsParts,
): ReactorDefinition[] {
  const { store, codec, timers, options } = parts;
  return processReactors(store, managers, {
    execute: async (command, { attempt }) =>
      executeStored(parts, command, { reactor: PROCESS_OUTPUTS, attempt }),
    commands: codec,
    timers: timers && new ServiceTimers(timers, options.service),
    outputs: options.reactions,
  });
}

function dispatchers(hasSagas: boolean, parts: ServiceReactorsParts): ReactorDefinition[] {
  const categories = [
    ...(hasSagas ? [SAGA_CATEGORY] : []),
    ...(parts.timers === undefined ? [] : [DUE_CATEGORY]),
  ];
  return categories.length === 0
    ? []
    : [commandDispatcher({ ...parts, categories }, parts.options.reactions)];
}
