import { describeEventActions } from './event-actions.ts';

describeEventActions('28.5');
