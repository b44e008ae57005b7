// `node --import` this to run a TypeScript program of ours without building it.
import { register } from 'node:module';

register('./typescript-loader.mjs', import.meta.url);
