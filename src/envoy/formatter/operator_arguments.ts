import { compileCelText } from '../cel/expression.ts';

/** What is wrong with the argument of an operator, in Envoy's words; undefined where nothing is. */
type Judge = (argument: string) => string | undefined;

/** HeaderUtility::headerNameIsValid; there may be no second header. */
const HEADER_NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]*$/i;
const NEWLINE_IN_TIME = /%[-_0^#]*[1-9]*[EO]?n/;
const FILTER_STATE_FORMS = ['PLAIN', 'TYPED', 'FIELD'];
const METADATA_KINDS = [
  'DYNAMIC',
  'CLUSTER',
  'ROUTE',
  'UPSTREAM_HOST',
  'LISTENER',
  'LISTENER_FILTER_CHAIN',
  'VIRTUAL_HOST',
];

const header: Judge = (argument) => {
  const names = argument.split('?');
  if (names.length > 2) return `More than 1 alternative header specified in token: ${argument}`;
  return names.every((name) => HEADER_NAME.test(name))
    ? undefined
    : 'Invalid header configuration. Format string contains invalid characters.';
};

const time: Judge = (format) =>
  NEWLINE_IN_TIME.test(format) ? 'Invalid header configuration. Format string contains newline.' : undefined;

const filterState: Judge = (argument) => {
  const [key = '', form = '', field = ''] = argument.split(':');
  if (key === '') return 'Invalid filter state configuration, key cannot be empty.';
  if (form !== '' && !FILTER_STATE_FORMS.includes(form))
    return 'Invalid filter state serialize type, only support PLAIN/TYPED/FIELD.';
  return (form === 'FIELD') === (field !== '')
    ? undefined
    : 'Invalid filter state serialize type, FIELD should be used with the field name.';
};

const duration: Judge = (argument) => {
  const parts = argument.split(':');
  if (parts.length < 2 || parts.length > 3) return `Invalid common duration configuration: ${argument}.`;
  const unit = parts[2] ?? 'ms';
  return ['ms', 'us', 'ns'].includes(unit) ? undefined : `Invalid common duration precision: ${unit}.`;
};

/** Each part of an argument is one of its words, or left out. */
const words =
  (name: string, ...choices: readonly (readonly string[])[]): Judge =>
  (argument) => {
    const parts = argument.split(':');
    for (const [i, allowed] of choices.entries()) {
      const part = parts[i] ?? '';
      if (part !== '' && !allowed.includes(part))
        return `Invalid ${name} option: '${part}', only ${allowed.map((one) => `'${one}'`).join('/')} are allowed`;
    }
    return undefined;
  };

const queryParameters: Judge = (argument) =>
  ['', 'ORIG', 'DECODED'].includes(argument)
    ? undefined
    : `Invalid QUERY_PARAMS option: '${argument}', only 'ORIG'/'DECODED' are allowed`;

const cel: Judge = (text) =>
  compileCelText(text) ? undefined : `Not able to parse expression: INVALID_ARGUMENT: ERROR: <input>: ${text}`;

const JUDGES: Readonly<Record<string, Judge>> = {
  CEL: cel,
  TYPED_CEL: cel,
  COMMON_DURATION: duration,
  DOWNSTREAM_PEER_CERT_V_END: time,
  DOWNSTREAM_PEER_CERT_V_START: time,
  EMIT_TIME: time,
  EMIT_TIME_LOCAL: time,
  FILTER_STATE: filterState,
  GRPC_STATUS: (argument) =>
    ['', 'CAMEL_STRING', 'SNAKE_STRING', 'NUMBER'].includes(argument)
      ? undefined
      : `GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: ${argument}`,
  METADATA: (argument) => {
    const [kind = ''] = argument.split(':');
    return METADATA_KINDS.includes(kind) ? undefined : `${kind} is not supported type of metadata`;
  },
  PATH: words('PATH', ['WQ', 'NQ'], ['ORIG', 'PATH', 'ORIG_OR_PATH']),
  QUERY_PARAMS: queryParameters,
  REQ: header,
  REQUEST_HEADER: header,
  REQUESTED_SERVER_NAME: words(
    'REQUESTED_SERVER_NAME',
    ['SNI_ONLY', 'SNI_FIRST', 'HOST_FIRST'],
    ['ORIG_OR_HOST', 'HOST', 'ORIG'],
  ),
  REQ_WITHOUT_QUERY: header,
  RESP: header,
  RESPONSE_HEADER: header,
  RESPONSE_TRAILER: header,
  START_TIME: time,
  START_TIME_LOCAL: time,
  STREAM_INFO_REQ: header,
  TRAILER: header,
  UPSTREAM_FILTER_STATE: filterState,
  UPSTREAM_PEER_CERT_V_END: time,
  UPSTREAM_PEER_CERT_V_START: time,
};

/** Judges the argument of an operator that may have one: the create functions of formatter/stream_info_formatter.cc. */
export const argumentFault = (name: string, argument: string): string | undefined => JUDGES[name]?.(argument);
