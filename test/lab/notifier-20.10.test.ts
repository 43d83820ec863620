import { describeNotifier } from './notifier.ts';

describeNotifier('20.10');
