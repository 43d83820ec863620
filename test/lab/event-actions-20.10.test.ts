import { describeEventActions } from './event-actions.ts';

describeEventActions('20.10');
