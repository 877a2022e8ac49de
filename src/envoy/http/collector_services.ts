import type { CollectorServices } from '../access_log/collector.ts';
import { AsyncGrpcClient } from '../grpc/grpc_client.ts';
import type { RouterServices } from '../router/router_services.ts';
import { AsyncClient } from './async_client.ts';

/** Clients of its own for the loggers of one listener or filter. */
export function collectorServices(services: RouterServices): CollectorServices {
  const { dispatcher, stats, localNode } = services;
  const http = new AsyncClient(services);
  return { http, grpc: new AsyncGrpcClient(http, services), dispatcher, stats, localNode };
}
