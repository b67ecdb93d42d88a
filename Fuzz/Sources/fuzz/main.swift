import Driver
import FuzzTargets

fuzz(FuzzTarget.all)
