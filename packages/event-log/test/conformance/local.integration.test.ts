import { eventLogConformance } from '@flywheel/event-log/conformance'
import { localFactory } from './local-factory.js'

// FLYWHEEL_TEST_KILLS=20 is the long form.
eventLogConformance('local log', localFactory(), { kills: Number(process.env['FLYWHEEL_TEST_KILLS'] ?? 3) })
