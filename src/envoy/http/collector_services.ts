import type { AccessLogServices } from '../access_log/access_loggers.ts';
import type { CollectorServices } from '../access_log/collector.ts';
import { AsyncGrpcClient } from '../grpc/grpc_client.ts';
import type { RouterServices } from '../router/router_services.ts';
import type { TracerServices } from '../tracing/tracer.ts';
import { AsyncClient } from './async_client.ts';

/** Clients of its own for the loggers of one listener or filter. */
export function collectorServices(services: RouterServices): CollectorServices {
  const { dispatcher, stats, localNode } = services;
  const http = new AsyncClient(services);
  return { http, grpc: new AsyncGrpcClient(http, services), dispatcher, stats, localNode };
}

/** What the tracer of one connection manager is given. */
export function tracerServices(services: RouterServices): TracerServices {
  const { runtime, random, stats, dispatcher } = services;
  return {
    runtime,
    stats,
    dispatcher,
    random: random.fork('tracing'),
    collector: () => collectorServices(services),
  };
}

/** What the access loggers of one connection manager are given. */
export function accessLogServices(services: RouterServices): AccessLogServices {
  const { files, fileSystem, runtime, random } = services;
  return {
    files,
    fileSystem,
    runtime,
    random: random.fork('access_log'),
    collector: () => collectorServices(services),
  };
}
