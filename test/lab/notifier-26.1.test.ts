import { describeNotifier } from './notifier.ts';

describeNotifier('26.1');
