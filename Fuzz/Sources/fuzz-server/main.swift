import Driver
import FuzzServer
import FuzzTargets

fuzz(FuzzTarget.server)
