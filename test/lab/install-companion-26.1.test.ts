import { describeCompanion } from './install-companion.ts';

describeCompanion('26.1');
