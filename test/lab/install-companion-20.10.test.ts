import { describeCompanion } from './install-companion.ts';

describeCompanion('20.10');
