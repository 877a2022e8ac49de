/** Lua for the scripts of a configuration. */
export { openLua } from './machine.ts';
