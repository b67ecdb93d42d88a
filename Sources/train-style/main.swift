import Console

Program.run(TrainStyle.self)
