import Console

Program.run(OptimizeImage.self)
