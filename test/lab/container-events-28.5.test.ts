import { describeContainerEvents } from './container-events.ts';

describeContainerEvents('28.5', 'stop');
