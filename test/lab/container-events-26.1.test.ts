import { describeContainerEvents } from './container-events.ts';

describeContainerEvents('26.1');
