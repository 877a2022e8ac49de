import { expect, test } from 'vitest';
import { formatFault } from './format_syntax.ts';

test('operators that Envoy knows are taken in their forms, and a doubled percent sign is one', () => {
  const formats = [
    '%REQ(X?Y):5% %PROTOCOL%',
    '100%%',
    '%START_TIME(%Y/%m/%dT%H)%',
    '%PATH:5%',
    '%DYNAMIC_METADATA(a:b)%',
    '%PROTOCOL()%',
  ];
  expect(formats.map((format) => formatFault(format))).toEqual(formats.map(() => undefined));
});

test('each fault of a format is told with the words that Envoy prints', () => {
  const said = (format: string): string | undefined => formatFault(format)?.envoySays;
  expect([
    said('%NOTHING%'),
    said('%PROTOCOL(x)%'),
    said('%REQ%'),
    said('%START_TIME:5%'),
    said('at 100%'),
    said('%protocol%'),
  ]).toEqual([
    'Not supported field in StreamInfo: NOTHING',
    'PROTOCOL does not take any parameters or length',
    'REQ requires parameters',
    'START_TIME does not allow length to be specified.',
    "Incorrect configuration: at 100%. Couldn't find valid command at position 6",
    "Incorrect configuration: %protocol%. Couldn't find valid command at position 0",
  ]);
});
