import Console

Program.run(TrainingStep.self)
