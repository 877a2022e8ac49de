/** Labs: what they ask, how they are judged, and what a learner did. The judge is behind a door of its own, `#lab/judge`. */
export type {
  Check,
  CheckedRequest,
  CounterExample,
  Expectation,
  Lab,
  LabRequest,
  Mistake,
  Observation,
  TaskResult,
} from './lab.ts';
export { libraryOf } from './library.ts';
export type { LabFolder, Library } from './library.ts';
export { readManifest } from './manifest.ts';
export type { ReadManifest } from './manifest.ts';
export { requestWords } from './words.ts';
