/** Lua for the scripts of a configuration, to be linked. */
export { openLua } from './machine.ts';
