import { create, type Message } from '@bufbuild/protobuf';
import { DurationSchema, timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { CelTime } from '#envoy';

const SECOND_MS = 1000;
const MS_NANOS = 1_000_000;

/** The message that expressions know it by. */
export const messageOf = ({ kind, ms }: CelTime): Message =>
  kind === 'timestamp'
    ? timestampFromMs(ms)
    : create(DurationSchema, {
        seconds: BigInt(Math.floor(ms / SECOND_MS)),
        nanos: Math.round((ms % SECOND_MS) * MS_NANOS),
      });
