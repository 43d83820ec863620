import { describeEventActions } from './event-actions.ts';

describeEventActions('26.1');
