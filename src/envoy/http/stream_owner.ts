import type { Random } from '#sim';
import type { ListenerInfo } from '../stream_info/stream_facts.ts';
import type { AccessLogger, UpstreamLog } from '../access_log/access_loggers.ts';
import type { RouterSettings } from '../router/router_settings.ts';
import type { RouteConfig } from '../router/route_config.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Connection, HttpResponse, StreamRecord } from '../seams.ts';
import type { ConnectionManagerStats } from './connection_manager_stats.ts';
import type { HeaderMap } from './header_map.ts';
import type { LocalReplyRewrite } from './local_reply.ts';
import type { Outcome } from './proxy_status.ts';
import type { FilterState } from '../stream_info/filter_state.ts';

/** How a stream ended. */
export interface StreamResult {
  readonly response: HttpResponse;
  readonly log: StreamRecord;
  /** Lines from before the end. */
  readonly earlier: readonly StreamRecord[];
  /** Its headers went out long ago, and the connection ends with it. */
  readonly isTunnel: boolean;
  /** The client has more to send, and nobody takes it. */
  readonly isCutOff: boolean;
  readonly closesConnection: boolean;
}

/** The client's end of a stream that hears more than one answer: a switch of protocols has headers, then bytes. */
export interface StreamClient {
  continue(): void;
  open(head: HttpResponse): void;
  write(text: string): void;
}

/** What a filter may change of a local reply. */
export interface LocalReplyHow {
  readonly mutateHeaders?: (headers: HeaderMap) => void;
  readonly grpcStatus?: number;
}

/** What a stream takes over from its connection manager and connection. */
export interface StreamOwner {
  readonly statPrefix: string;
  /** The routes of the moment at which the stream began. */
  readonly routeConfig: RouteConfig | undefined;
  readonly connection: Connection;
  /** What the log of the connection knows already: its chain, its server name. */
  readonly network: { readonly log: StreamRecord; readonly filterState: FilterState; readonly listener: ListenerInfo };
  readonly router: RouterSettings;
  readonly stats: ConnectionManagerStats;
  readonly nowMs: () => number;
  /** For ids that a log makes up. */
  readonly random?: Random;
  readonly runtime?: Runtime;
  readonly protocol: string;
  readonly loggers: readonly AccessLogger[];
  /** The router's `upstream_log`: a line for each try. */
  readonly upstreamLog: UpstreamLog;
  readonly rewriteLocalReply?: LocalReplyRewrite | undefined;
  /** What the connection manager itself does to a response last. */
  readonly encode: (
    response: HttpResponse,
    how: { readonly isLocal: boolean; readonly outcome: Outcome },
  ) => HttpResponse;
}
