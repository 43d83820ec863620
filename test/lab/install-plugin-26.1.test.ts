import { describePlugin } from './install-plugin.ts';

describePlugin('26.1');
