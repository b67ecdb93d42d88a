import Console

Program.run(InspectFeatures.self)
