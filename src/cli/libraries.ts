// Node has room: a command line, and the tests, link every library.
import { linkHttpFilters, linkLibrary } from '#envoy';
import { cel } from '#cel';
import { jose } from '#jose';
import { openLua } from '#lua';
import * as aes from '@noble/ciphers/aes.js';
import * as zlib from 'pako';
import * as re2 from 're2js';

await linkHttpFilters();
linkLibrary('aes', aes);
linkLibrary('cel', cel);
linkLibrary('jose', jose);
linkLibrary('lua', openLua());
linkLibrary('re2', re2);
linkLibrary('zlib', zlib);
