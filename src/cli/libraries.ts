// Node has room: a command line, and the tests, link every library.
import { linkLibrary } from '#envoy';
import { cel } from '#cel';
import { jose } from '#jose';
import { openLua } from '#lua';

linkLibrary('cel', cel);
linkLibrary('jose', jose);
linkLibrary('lua', openLua());
