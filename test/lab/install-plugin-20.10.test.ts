import { describePlugin } from './install-plugin.ts';

describePlugin('20.10');
