import Driver
import FuzzTargets
import FuzzTraining

fuzz(FuzzTarget.training)
