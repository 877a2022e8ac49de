/** The loggers of Envoy 1.40: common/logger.h, ALL_LOGGER_IDS. */
const LOGGERS =
  'a2a admin ai_protocol_manager alternate_protocols_cache aws assert backtrace basic_auth cache_filter client config connection conn_handler compression credential_injector decompression dns dubbo envoy_bug ext_authz ext_proc rocketmq file filter forward_proxy geolocation grpc happy_eyeballs hc health_checker http http2 hystrix init io jwt json_rpc kafka key_value_store lua local_rate_limit main matcher mcp misc mongo multi_connection notification oauth2 quic quic_stream pool rate_limit_quota rbac rds redis router runtime stats secret sse tap testing thrift tracing upstream udp wasm websocket golang stats_sinks dynamic_modules ip_tagging'.split(
    ' ',
  );
const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'];
const USAGE = `
usage: /logging?<name>=<level> (change single level)
usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)
usage: /logging?level=<level> (change all levels)
usage: /logging?group=<group_name>:<level> (change group of loggers)
levels: ${LEVELS.join(' ')} 
`;

/** `/logging`: which logger writes from which level on. Nothing is logged here: the levels are kept and shown. */
export class Logging {
  readonly #levels: Map<string, string>;

  constructor(level: string) {
    this.#levels = new Map(LOGGERS.map((name) => [name, level]));
  }

  /** What a request changes and shows: admin/logs_handler.cc. */
  request(query: ReadonlyMap<string, string>): { status: number; body: string } {
    // One without a value changes nothing.
    const given = [...query][0];
    const error = query.size > 1 ? 'invalid number of parameters' : given?.[1] === '' ? undefined : this.#change(given);
    const active = `active loggers:\n${[...this.#levels].map(([name, level]) => `  ${name}: ${level}\n`).join('')}\n`;
    return error === undefined
      ? { status: 200, body: active }
      : { status: 400, body: `error: ${error}\n${USAGE}${active}` };
  }

  #change(parameter: [string, string] | undefined): string | undefined {
    if (!parameter) return undefined;
    const [name, value] = parameter;
    if (name === 'level') return this.#set(LOGGERS.map((one) => [one, value]));
    if (name === 'group') return 'group parameter requires fine-grain logging to be enabled';
    if (name !== 'paths') return this.#set([[name, value]]);
    const pairs = value.split(',').map((one) => one.split(':'));
    if (pairs.some((pair) => pair.length !== 2 || pair.includes(''))) return 'empty logger name or empty logger level';
    return this.#set(pairs as [string, string][]);
  }

  /** All of them or none. */
  #set(pairs: readonly (readonly [string, string])[]): string | undefined {
    for (const [name, level] of pairs) {
      if (!LEVELS.includes(level)) return 'unknown logger level';
      if (!this.#levels.has(name)) return 'unknown logger name';
    }
    for (const [name, level] of pairs) this.#levels.set(name, level);
    return undefined;
  }
}
