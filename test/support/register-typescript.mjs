// Use with `node --import` to run a TypeScript program of this repository without building it.
import { register } from 'node:module';

register('./typescript-loader.mjs', import.meta.url);
