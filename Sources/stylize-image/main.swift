import Console

Program.run(StylizeImage.self)
